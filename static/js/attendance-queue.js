// Sends the cells of the attendance grid one after another, and again until the server has answered for each.
//
// The grid tells by "cells:choose" what was chosen; this tells by "cells:saved", "cells:clash", "cells:refused",
// "cells:waiting" and "cells:seen" what became of it, and by "cells:counted" what the whole activity comes to. What has no answer yet is kept in the browser's storage, so that
// neither a reload nor a lost connection loses it. A cell that may have reached the server is sent again exactly as it
// was, before anything newer: the server takes it as the same.
(() => {
  const form = document.getElementById("attendance");
  if (!form) return;
  const { cells: address, user, signIn } = form.dataset;
  const store = `attendance:${user}:${address}`;
  const line = document.getElementById("save-state");
  const DELAYS = [2, 4, 8, 16, 30]; // seconds between attempts
  const LOT = 200;
  const POLL = 15_000;
  const AT_WORK = 5 * 60_000; // an open page that nobody works in does not keep the session alive

  const waiting = new Map(kept()); // member: {shown, wanted, fill, sent, clash}
  let token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  let revision = Number(form.dataset.revision);
  let failures = 0;
  let timer;
  let sending = false;
  let stopped = "";
  let savedAt = ""; // by the server's clock
  let trouble = ""; // why the last cells were refused
  let lastInput = Date.now();

  function kept() {
    try {
      return Object.entries(JSON.parse(localStorage.getItem(store)) || {}).map(([member, cell]) => [
        member,
        { ...cell, clash: false },
      ]);
    } catch {
      return []; // storage switched off, or not ours
    }
  }

  function keep() {
    try {
      if (waiting.size) localStorage.setItem(store, JSON.stringify(Object.fromEntries(waiting)));
      else localStorage.removeItem(store);
    } catch {
      // Without storage the cells live as long as the page; leaving it is warned of all the same.
    }
  }

  const tell = (name, detail) => form.dispatchEvent(new CustomEvent(name, { detail }));
  const toSend = () => [...waiting].filter(([, cell]) => !cell.clash);

  function say(words, bad = false, link = "") {
    if (line.textContent !== words + link) {
      line.textContent = words;
      if (link) {
        const a = document.createElement("a");
        Object.assign(a, { href: signIn, target: "_blank", textContent: link });
        line.append(a);
      }
    }
    line.classList.toggle("minus", bad);
  }

  function report() {
    const open = toSend().length;
    const disputed = waiting.size - open;
    if (stopped === "sign-in") say(`登录已过期,有 ${waiting.size} 格还没有保存,记在这台电脑上。`, true, "请重新登录,再回到这一页");
    else if (stopped) say(`${stopped}有 ${waiting.size} 格还没有保存。`, true);
    else if (failures) say(`有 ${open} 格还没有保存,正在重试`, true);
    else if (disputed) say(`有 ${disputed} 人和别人登记的不同,请选定`, true);
    else if (open) say(`正在保存 ${open} 格…`);
    else if (trouble) say(`没有保存:${trouble}`, true);
  }

  form.addEventListener("cells:choose", ({ detail }) => {
    trouble = "";
    for (const { member, shown, wanted, fill, undone } of detail.cells) {
      const cell = waiting.get(member);
      if (cell && cell.sent !== undefined && !cell.clash) cell.wanted = wanted;
      else if (undone && (cell?.shown ?? shown) === "") waiting.delete(member);
      else if (!fill && wanted === shown) waiting.delete(member);
      else waiting.set(member, { shown, wanted, fill });
      tell("cells:waiting", { member, open: waiting.has(member) });
    }
    keep();
    report();
    if (!waiting.size && !stopped) say("");
    schedule(detail.wait ?? 0);
  });

  function schedule(delay) {
    clearTimeout(timer);
    if (!stopped && toSend().length) timer = setTimeout(send, delay);
  }

  async function ask(method, sent, query = "") {
    const response = await fetch(address + query, {
      method,
      body: sent,
      redirect: "manual", // to sign-in
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      signal: AbortSignal.timeout(15_000),
    });
    if (response.type === "opaqueredirect") throw new Stop("sign-in");
    if (response.status >= 500 || response.status === 429) throw new Error(response.status);
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const body = isJson ? await response.json() : await response.text();
    return { status: response.status, answer: isJson ? body : null, page: isJson ? "" : body };
  }

  class Stop extends Error {}

  async function send() {
    if (sending || stopped) return;
    const lot = toSend().slice(0, LOT);
    if (!lot.length) return;
    sending = true;
    for (const [, cell] of lot) cell.sent ??= cell.wanted;
    keep();
    report();
    const cells = lot.map(([member, cell]) => ({
      member: Number(member),
      shown: cell.fill ? cell.sent : cell.shown,
      status: cell.sent,
    }));
    try {
      let reply = await ask("POST", JSON.stringify({ since: revision, cells }));
      if (reply.status === 403) {
        await renew();
        reply = await ask("POST", JSON.stringify({ since: revision, cells }));
      }
      failures = 0;
      if (reply.answer?.answers) settle(reply.answer);
      else if (reply.status === 403 || reply.status === 404) throw new Stop("您现在不能登记这次活动的考勤。");
      else refuse(lot, reply.answer?.fault || sentenceOf(reply.page));
    } catch (error) {
      if (error instanceof Stop) stopped = error.message;
      else failures += 1;
      for (const [member] of lot) tell("cells:waiting", { member, open: true, failed: true });
    }
    sending = false;
    keep();
    report();
    if (!waiting.size && !failures && !stopped && !trouble) say(`已保存 ${savedAt}`);
    schedule(failures ? 1000 * DELAYS[Math.min(failures, DELAYS.length) - 1] : 0);
  }

  // After signing in anew the old form's token is no good; somebody else's sign-in is not ours.
  async function renew() {
    const { status, answer } = await ask("GET", undefined, `?since=${revision}`);
    if (status !== 200) throw new Stop("您现在不能登记这次活动的考勤。");
    if (String(answer.user) !== user) throw new Stop("现在登录的是另一个账号,请换回原来的账号再回到这一页。");
    token = answer.token;
  }

  function settle(answer) {
    savedAt = answer.now;
    for (const one of answer.answers) {
      const member = String(one.member);
      const cell = waiting.get(member);
      if (!cell) continue;
      if (one.outcome === "clash") {
        cell.clash = true;
        delete cell.sent;
        tell("cells:clash", { ...one, member, wanted: cell.wanted });
      } else if (one.outcome === "refused") {
        refuse([[member, cell]], one.sentence);
      } else {
        const newer = cell.wanted !== cell.sent && cell.wanted !== one.status;
        // What another one put there was not seen when the newer choice was made.
        if (newer) waiting.set(member, { shown: one.outcome === "kept" ? "" : one.status, wanted: cell.wanted });
        else waiting.delete(member);
        tell("cells:saved", { ...one, member, newer });
      }
    }
    see(answer);
  }

  // What others changed meanwhile, in rows where nothing of one's own waits.
  function see({ cells, revision: latest, totals }) {
    revision = Math.max(revision, latest);
    for (const cell of cells) {
      const member = String(cell.member);
      if (!waiting.has(member)) tell("cells:seen", { ...cell, member });
    }
    tell("cells:counted", totals);
  }

  function refuse(lot, sentence) {
    for (const [member, cell] of lot) {
      waiting.delete(member);
      tell("cells:refused", { member, wanted: cell.wanted, sentence });
    }
    trouble = sentence;
  }

  function sentenceOf(page) {
    const main = new DOMParser().parseFromString(page, "text/html").querySelector("main p");
    return main?.textContent.trim() || "服务器没有接受,请刷新页面再试。";
  }

  async function poll() {
    if (sending || waiting.size || document.hidden || Date.now() - lastInput > AT_WORK) return;
    try {
      const { status, answer } = await ask("GET", undefined, `?since=${revision}`);
      if (status === 200 && !waiting.size) see(answer);
    } catch {
      // The next save will say what is wrong.
    }
  }

  async function resume() {
    if (stopped) {
      try {
        await renew();
        stopped = "";
      } catch (error) {
        if (error instanceof Stop) stopped = error.message;
        report();
        return;
      }
    }
    schedule(0);
  }

  window.addEventListener("online", resume);
  window.addEventListener("focus", resume);
  document.addEventListener("visibilitychange", () => !document.hidden && resume());
  for (const name of ["keydown", "pointerdown"]) {
    document.addEventListener(name, () => {
      lastInput = Date.now();
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (!waiting.size) return;
    event.preventDefault();
    event.returnValue = true; // older browsers
  });
  setInterval(poll, POLL);

  // What an earlier visit left unsent, once the grid listens.
  window.addEventListener("load", () => {
    for (const [member, cell] of waiting) tell("cells:waiting", { member, open: true, status: cell.wanted });
    report();
    schedule(0);
  });
})();
