/* Playback from a click, the play head, copying, running by keyboard, and the language switch. Listens on the document,
   so that results may be redrawn at any time. */
(() => {
  const media = () => document.querySelector("#xm-player audio, #xm-player video");

  const seek = (seconds) => {
    const player = media();
    if (!player || !Number.isFinite(seconds)) return;
    const start = () => { player.currentTime = seconds; player.play().catch(() => {}); };
    if (player.readyState > 0) start();
    else { player.addEventListener("loadedmetadata", start, { once: true }); player.load(); }
  };

  const follow = () => {
    const time = media()?.currentTime ?? 0;
    const box = document.querySelector(".xm-picture");
    if (box) box.style.setProperty("--at", Math.min(time / Number(box.dataset.duration), 1));
    for (const row of document.querySelectorAll(".xm-segment")) {
      const now = time >= Number(row.dataset.start) && time < Number(row.dataset.end);
      if (now !== row.hasAttribute("aria-current")) row.toggleAttribute("aria-current", now);
    }
  };

  const copy = async (from = "#xm-transcript", by = "#xm-copy") => {
    // What is hidden is the same in another language.
    const text = [...document.querySelectorAll(`${from} .xm-said`)].map((row) => row.innerText).join("\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers offer the clipboard on https and localhost only; this old way works elsewhere.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const button = document.querySelector(by);
    button?.classList.add("xm-copied");
    setTimeout(() => button?.classList.remove("xm-copied"), 1500);
  };

  /* Language. Gradio knows Chinese as zh-CN and takes the browser's language at the start; its own settings page
     switches with `changeLocale`, a function of its core module, which is what we call too. */
  const LOCALES = { en: "en", zh: "zh-CN" };

  const store = (value) => {
    try {
      if (value) localStorage.setItem("xmodal-language", value);
      return localStorage.getItem("xmodal-language");
    } catch {
      return null; // storage is blocked: the choice lasts until the page is left
    }
  };

  const wanted = () => {
    const asked = new URLSearchParams(location.search).get("lang") || store();
    if (asked in LOCALES) return asked;
    return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  };

  const core = async () => {
    const urls = [
      ...[...document.querySelectorAll("link[href], script[src]")].map((element) => element.href || element.src),
      ...performance.getEntriesByType("resource").map((entry) => entry.name),
    ];
    for (const url of new Set(urls.filter((name) => /\/assets\/core-[\w-]+\.js$/.test(name)))) {
      const module = await import(url);
      if (typeof module.changeLocale === "function") return module;
    }
    return null;
  };

  const spoken = () => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");

  /* Gradio translates the name of a tab that has not been opened yet once, at the start. */
  const relabelTabs = () => {
    const texts = window.gradio_config?.i18n_translations ?? {};
    const now = texts[spoken()] ?? {};
    const known = new Map();
    for (const locale of Object.values(texts)) {
      for (const key of Object.keys(locale)) if (key.endsWith("tab")) known.set(locale[key], now[key]);
    }
    for (const button of document.querySelectorAll(".tab-wrapper button")) {
      for (const node of button.childNodes) {
        const name = known.get(node.nodeValue?.trim());
        if (name && name !== node.nodeValue.trim()) node.nodeValue = name;
      }
    }
  };

  const mark = () => {
    const now = spoken();
    relabelTabs();
    for (const button of document.querySelectorAll(".xm-languages [data-lang]")) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === now));
    }
  };

  const speak = async (language) => {
    const module = await core();
    module?.changeLocale(LOCALES[language]);
    document.documentElement.lang = LOCALES[language];
    mark();
    setTimeout(relabelTabs, 200); // once more, after Gradio has redrawn the tabs
  };

  document.addEventListener("click", (event) => {
    const language = event.target.closest?.(".xm-languages [data-lang]");
    if (language) { store(language.dataset.lang); speak(language.dataset.lang); return; }
    const row = event.target.closest?.("[data-start]");
    if (row) { seek(Number(row.dataset.start)); return; }
    const box = event.target.closest?.(".xm-picture");
    if (box) {
      const track = box.querySelector(".xm-track").getBoundingClientRect();
      const share = (event.clientX - track.left) / track.width;
      if (share >= 0 && share <= 1) seek(share * Number(box.dataset.duration));
    }
  });
  /* Ctrl+Enter, or Cmd+Enter, presses the run button in view. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const button = [...document.querySelectorAll(".xm-run button.primary")].find((one) => one.offsetParent);
    if (button && !button.disabled) { event.preventDefault(); button.click(); }
  });
  /* Ctrl+V, or Cmd+V, puts a copied picture into the box in view; the one it holds is taken out before. */
  document.addEventListener("paste", async (event) => {
    const box = [...document.querySelectorAll(".xm-paste")].find((one) => one.offsetParent);
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!box || !file) return;
    event.preventDefault();
    const carrier = new DataTransfer();
    carrier.items.add(file);
    const input = () => box.querySelector("input[type=file]");
    if (!input()) box.querySelector(".icon-button")?.click();
    for (let tries = 0; tries < 40 && !input(); tries++) await new Promise((done) => setTimeout(done, 50));
    if (!input()) return;
    input().files = carrier.files;
    input().dispatchEvent(new Event("change", { bubbles: true }));
  });
  for (const name of ["timeupdate", "seeked", "loadedmetadata"]) document.addEventListener(name, follow, true);
  new MutationObserver(mark).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });

  // Tabs within a tab are drawn when that one is opened for the first time, and all anew when there is less or more
  // room for them: those for which there is none are in a menu.
  const holdsTabs = (node) => node.matches?.(".tab-wrapper *") || node.querySelector?.(".tab-wrapper");
  new MutationObserver((changes) => {
    if (changes.some((change) => [...change.addedNodes].some(holdsTabs))) relabelTabs();
  }).observe(document.body, { childList: true, subtree: true });

  window.xmodal = { copy, seek, speak };
  if (!document.documentElement.lang.startsWith(wanted())) speak(wanted());
  else mark();
  // The header may be drawn after this script ran.
  new MutationObserver((_, watcher) => {
    if (document.querySelector(".xm-languages")) { mark(); watcher.disconnect(); }
  }).observe(document.body, { childList: true, subtree: true });
})();
