// What the pages say, in the reader's language.

const WORDS = {
  en: {
    title: "Join a conference",
    ask: "Conference ID",
    go: "Continue",
    lead: "Call from a phone or a room system, then type the password of your invitation and #.",
    id: "Conference ID",
    sip: "SIP address",
    number: "Access number",
    numberHint: "then the conference ID and #",
    later: "Joining in the browser is not possible yet.",
    unreadable: "This link is not complete. Type the conference ID of your invitation.",
  },
  zh: {
    title: "加入会议",
    ask: "会议ID",
    go: "继续",
    lead: "请用电话或会议终端呼入，然后输入邀请中的密码并按 # 键。",
    id: "会议ID",
    sip: "SIP 地址",
    number: "接入号",
    numberHint: "再输入会议ID并按 # 键",
    later: "暂不支持在浏览器中加入。",
    unreadable: "链接不完整。请输入邀请中的会议ID。",
  },
  pt: {
    title: "Entrar numa conferência",
    ask: "ID da conferência",
    go: "Continuar",
    lead: "Ligue de um telefone ou de um sistema de sala e digite a senha do convite seguida de #.",
    id: "ID da conferência",
    sip: "Endereço SIP",
    number: "Número de acesso",
    numberHint: "depois o ID da conferência e #",
    later: "Ainda não é possível entrar pelo navegador.",
    unreadable: "Este link não está completo. Digite o ID da conferência do convite.",
  },
};

/** @returns {Record<string, string>} the words of the first language of the reader that we speak */
export function words() {
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => tag.toLowerCase().split("-")[0]);
  const language = wanted.find((tag) => tag in WORDS) ?? "en";
  document.documentElement.lang = language;
  return WORDS[language];
}

/** Fill every element that names its words by data-say. @param {Record<string, string>} spoken */
export function say(spoken) {
  for (const element of document.querySelectorAll("[data-say]")) {
    element.textContent = spoken[element.dataset.say] ?? "";
  }
  document.title = spoken.title;
}
