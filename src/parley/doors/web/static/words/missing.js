export default {
  en: {
    title: "There is no such page",
    lead: "Check the address, or type the meeting ID of your invitation on the start page.",
    toStart: "To the start page",
  },
  zh: {
    title: "没有这个页面",
    lead: "请检查地址，或在首页输入邀请中的会议 ID。",
    toStart: "返回首页",
  },
  pt: {
    title: "Esta página não existe",
    lead: "Confira o endereço, ou digite na página inicial o ID da reunião do seu convite.",
    toStart: "Ir para a página inicial",
  },
};
