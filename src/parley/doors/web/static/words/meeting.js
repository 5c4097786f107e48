export default {
  en: {
  },
  zh: {
  },
  pt: {
  },
};
