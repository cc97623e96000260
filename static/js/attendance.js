// The attendance grid by keyboard: keys, jumps, undo, totals, and what attendance-queue.js says of each cell.
// Without it the page is a form that works by mouse and Tab.
(() => {
  const form = document.getElementById("attendance");
  if (!form) return;
  const EXCUSED = ["personal_leave", "sick_leave", "official_leave", "not_required"];
  const EXCEPTIONS = ["late", "left_early", "absent", "proxy"];
  const LETTERS = "dczsbgqty";
  const SOON = 250; // milliseconds in which a second thought costs no second save
  const WHILE_STEPPING = 1500; // the radios' own arrows pass over statuses that are not meant

  const rows = [...form.querySelectorAll("tbody tr")].map((tr) => ({
    tr,
    member: tr.dataset.member,
    name: tr.querySelector("[role=radiogroup]").getAttribute("aria-label"),
    radios: [...tr.querySelectorAll("input[type=radio]")],
    state: tr.querySelector(".state"),
    saved: tr.dataset.saved, // the status on record, "" for none
    entered: tr.dataset.saved !== "",
    now: tr.querySelector("input:checked")?.value, // the status that is shown
    words: tr.querySelector(".state").textContent, // who saved it, and when
  }));
  for (const row of rows) row.proposed = row.now;
  const byMember = Object.fromEntries(rows.map((row) => [row.member, row]));
  let last = -1; // the row one was in
  const steps = []; // of undo: [{row, status, entered}] as they were before
  const confirm = document.getElementById("confirm");
  const done = document.getElementById("done");
  const undoButton = document.getElementById("undo");
  const allButton = document.getElementById("all-present");
  const spared = document.getElementById("spared"); // the question whether they are to become present too
  const find = document.getElementById("find");
  const found = document.getElementById("found");

  const radio = (row, status) => row.radios.find((one) => one.value === status);
  const rowInFocus = () => rows.findIndex((row) => row.tr.contains(document.activeElement));

  // Rows ---------------------------------------------------------------------------------------
  function enter(index) {
    const row = rows[Math.max(0, Math.min(index, rows.length - 1))];
    rove(row);
    (radio(row, row.now) || row.radios[0]).focus({ preventScroll: true });
    row.tr.scrollIntoView({ block: "nearest" });
  }

  // The grid is one stop of the Tab key: the row one was in.
  function rove(current) {
    for (const row of rows) {
      for (const one of row.radios) one.tabIndex = row === current ? 0 : -1;
    }
  }

  // Beside a row in words what its status means under the scheme, from the list below the grid.
  const hints = Object.fromEntries(
    [...document.querySelectorAll("#hints [data-status]")].map((item) => [item.dataset.status, item.textContent]),
  );

  function show(row, status) {
    row.now = status;
    if (status) radio(row, status).checked = true;
    row.tr.querySelector(".hint").textContent = hints[status] || "";
    row.tr.classList.toggle("unentered", !row.entered);
  }

  // Where the grid has other pages, the totals are of all of them, and of what is on record: nothing is proposed here
  // for who stands there.
  const others = Number(form.dataset.everybody) - rows.length;
  let elsewhere = {}; // how many of each status are on record on the other pages

  function countElsewhere(totals) {
    if (!others) return;
    elsewhere = { ...totals };
    for (const { saved } of rows) if (saved) elsewhere[saved] -= 1;
  }

  function count() {
    const counts = { ...elsewhere };
    let open = 0;
    for (const row of rows) {
      if (row.entered || !others) counts[row.now] = (counts[row.now] || 0) + 1;
      open += !row.entered;
    }
    for (const total of form.querySelectorAll("[data-total]")) {
      total.querySelector("b").textContent = counts[total.dataset.total] || 0;
      total.hidden = !counts[total.dataset.total];
    }
    const rest = form.querySelector("[data-unentered]");
    const unknown = others - Object.values(elsewhere).reduce((sum, number) => sum + number, 0);
    rest.querySelector("b").textContent = open + unknown;
    rest.hidden = !(open + unknown);
    confirm.textContent = open < rows.length ? `其余 ${open} 人照此登记` : `${open} 人照此登记`;
    done.hidden = open > 0;
    if (!open && document.activeElement === confirm) done.focus();
    confirm.hidden = !open;
    undoButton.disabled = !steps.length;
    nameSpared();
  }

  // Choosing -----------------------------------------------------------------------------------
  // changes: [{row, status, fill}]; fill: as proposed, without overruling anybody.
  function choose(changes, { wait = SOON, undone = false } = {}) {
    // To have put down what was proposed is not undone: it changed nothing that is shown.
    spared.hidden = true;
    const before = changes.filter(({ fill }) => !fill).map(({ row }) => ({ row, status: row.now, entered: row.entered }));
    if (!undone && before.length) steps.push(before);
    for (const change of changes) {
      const { row, status, entered = true } = change;
      closeClash(row);
      row.entered = entered || row.saved !== "";
      show(row, status);
    }
    const cells = changes.map(({ row, status, fill, entered }) => ({
      member: row.member,
      shown: row.saved,
      wanted: status,
      fill,
      undone: entered === false,
    }));
    form.dispatchEvent(new CustomEvent("cells:choose", { detail: { cells, wait } }));
    count();
  }

  function undo() {
    const step = steps.pop();
    if (!step) {
      say("没有可以撤销的改动。整场登记错了,到「修改活动」里撤销全部考勤。");
      return;
    }
    choose(step, { undone: true });
    enter(rows.indexOf(step[0].row));
    say(step.length > 1 ? `已撤销 ${step.length} 人` : `已撤销:${step[0].row.name} 改回 ${wordOf(step[0].status)}`);
  }

  const wordOf = (status) => radio(rows[0], status).closest("label").textContent;

  function say(words) {
    found.textContent = words;
  }

  // Who is late or absent was put down so by somebody: that is not overruled by the press that fills the rest.
  const exceptions = () => rows.filter((row) => row.entered && EXCEPTIONS.includes(row.now));

  function allPresent() {
    const changes = rows
      .filter((row) => !row.entered)
      .map((row) => ({ row, status: EXCUSED.includes(row.now) ? row.now : "present" }))
      .map((change) => ({ ...change, fill: change.status === change.row.proposed }));
    if (changes.length) choose(changes, { wait: 0 });
    spared.hidden = !exceptions().length;
    nameSpared();
    const left = rows.filter((row) => EXCUSED.includes(row.now)).length;
    const whole = spared.hidden ? "已全部设为到会" : changes.length ? "没有登记过的都设为到会了" : "每个人都登记过了";
    say(left ? `${whole},请假和不要求的 ${left} 人没有动` : whole);
  }

  function nameSpared() {
    const found = exceptions();
    if (!found.length) spared.hidden = true;
    if (spared.hidden) return;
    const counts = EXCEPTIONS.map((status) => [wordOf(status), found.filter(({ now }) => now === status).length]);
    const some = counts.filter(([, number]) => number);
    spared.querySelector("span").textContent = `${some.map(([word, number]) => `${word} ${number} 人`).join("、")}没有动。`;
    const words = some.map(([word]) => word).join("、");
    document.getElementById("spared-too").textContent = `把 ${found.length} 人的${words}也改成到会`;
  }

  function presentToo() {
    const found = exceptions();
    choose(found.map((row) => ({ row, status: "present" })), { wait: 0 });
    allButton.focus();
    say(`已把 ${found.length} 人改成到会`);
  }

  function spare() {
    spared.hidden = true;
    allButton.focus();
  }

  function confirmRest() {
    const open = rows.filter((row) => !row.entered).length;
    if (open) say(`已照此登记 ${open} 人。整场登记错了,可以到「修改活动」里撤销全部考勤`);
    choose(
      rows.filter((row) => !row.entered).map((row) => ({ row, status: row.now, fill: true })),
      { wait: 0 },
    );
  }

  let stepping = false;
  form.addEventListener("change", ({ target }) => {
    if (target.type !== "radio") return;
    const row = rows.find(({ tr }) => tr.contains(target));
    choose([{ row, status: target.value }], { wait: stepping ? WHILE_STEPPING : SOON });
  });
  // To click what is proposed already says that it is so; no change event comes of it.
  form.addEventListener("click", ({ target }) => {
    const row = target.type === "radio" && rows.find(({ tr }) => tr.contains(target));
    if (row && !row.entered && target.value === row.now) choose([{ row, status: target.value }]);
  });

  form.addEventListener("focusin", ({ target }) => {
    const current = rows.find(({ tr }) => tr.contains(target));
    if (current) {
      rove(current);
      last = rows.indexOf(current);
    }
    for (const { tr } of rows) tr.classList.toggle("now", tr.contains(target));
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    confirmRest();
  });
  undoButton.addEventListener("click", undo);
  allButton.addEventListener("click", allPresent);
  document.getElementById("spared-too").addEventListener("click", presentToo);
  document.getElementById("spared-not").addEventListener("click", spare);

  // Keys ---------------------------------------------------------------------------------------
  const MOVES = { ArrowDown: 1, ArrowUp: -1, Enter: 1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

  const statusOf = (key) => (key >= "1" && key <= "9" ? Number(key) - 1 : key.length === 1 ? LETTERS.indexOf(key) : -1);

  document.addEventListener("keydown", (event) => {
    stepping = event.key === "ArrowLeft" || event.key === "ArrowRight";
    if (event.altKey || event.isComposing || event.target.matches("select, textarea, input:not([type=radio])")) return;
    const index = rowInFocus();
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") undo();
      else if (key === "enter") confirmRest();
      else return;
    } else if (index < 0) {
      // Outside the grid the page keeps its keys, but for the way in. A status that is meant for nobody is not
      // lost in silence: it leads to the person whom the next press marks.
      const meant = statusOf(key) >= 0;
      if (event.target !== document.body || !(meant || ["ArrowDown", "/"].includes(event.key))) return;
      if (event.key === "/") find.focus();
      else enter(meant ? last : 0);
      if (meant) say(`现在到了${rows[rowInFocus()].name},再按一次才登记`);
    } else if (event.target.type !== "radio") {
      return; // a link or button in a row
    } else if (event.key === "Enter" && index === rows.length - 1) {
      (confirm.hidden ? done : confirm).focus();
    } else if (event.key in MOVES) {
      enter(index + MOVES[event.key]);
    } else if (event.key === "/") {
      find.focus();
    } else {
      const number = statusOf(key);
      if (number < 0 || event.repeat) return;
      const row = rows[index];
      const status = row.radios[number].value;
      if (!row.entered || row.now !== status) choose([{ row, status }]);
      row.radios[number].focus();
    }
    event.preventDefault();
  });

  // Finding somebody by part of the name or by initials.
  function match() {
    const wanted = find.value.trim().toLowerCase();
    return wanted ? rows.filter(({ tr, name }) => tr.dataset.initials.startsWith(wanted) || name.includes(wanted)) : [];
  }

  find.addEventListener("input", () => {
    const names = match().map((row) => row.name);
    say(!find.value.trim() ? "" : names.length ? `${names.slice(0, 5).join("、")},按回车` : "名单里没有");
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      find.value = "";
      enter(0);
    }
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const places = match().map((row) => rows.indexOf(row));
    if (!places.length) return;
    find.value = "";
    say("");
    enter(places.find((place) => place > last) ?? places[0]); // the same name again leads to the next one
  });

  // A column from a spreadsheet goes to the page that reads it and shows it first.
  document.addEventListener("paste", (event) => {
    if (event.target.matches?.("textarea, input:not([type=radio])")) return;
    const text = event.clipboardData.getData("text/plain");
    if (!/[\n\t]/.test(text.trim())) return;
    event.preventDefault();
    const sheet = document.createElement("form");
    Object.assign(sheet, { method: "post", action: form.dataset.paste, hidden: true });
    sheet.append(form.querySelector("[name=csrfmiddlewaretoken]").cloneNode());
    const field = Object.assign(document.createElement("textarea"), { name: "text", value: text });
    sheet.append(field);
    document.body.append(sheet);
    sheet.submit();
  });

  // What the queue says ------------------------------------------------------------------------
  form.addEventListener("cells:waiting", ({ detail: { member, open, status, failed } }) => {
    const row = byMember[member];
    if (!row) return;
    if (status) {
      row.entered = true;
      show(row, status);
      count();
    }
    row.tr.classList.toggle("failed", Boolean(failed));
    row.state.textContent = failed ? "还没有保存,正在重试" : open ? "正在保存…" : row.words;
  });

  form.addEventListener("cells:saved", ({ detail }) => {
    const row = byMember[detail.member];
    if (row) take(row, detail, detail.newer, detail.outcome === "kept" ? `${detail.by} ${detail.at}` : `已保存 ${detail.at}`);
  });

  form.addEventListener("cells:counted", ({ detail }) => {
    countElsewhere(detail);
    count();
  });

  form.addEventListener("cells:seen", ({ detail }) => {
    const row = byMember[detail.member];
    if (row && row.saved !== detail.status) take(row, detail, false, `${detail.by} ${detail.at}`);
  });

  function take(row, { status }, newer, words) {
    row.saved = row.tr.dataset.saved = status;
    row.entered = true;
    row.tr.classList.remove("failed");
    if (newer) return;
    show(row, status);
    row.state.textContent = row.words = words;
    count();
  }

  form.addEventListener("cells:refused", ({ detail: { member, wanted, sentence } }) => {
    const row = byMember[member];
    if (!row) return;
    row.entered = row.saved !== "";
    show(row, row.saved || row.proposed);
    row.tr.classList.add("failed");
    row.state.textContent = `没有改成「${wordOf(wanted)}」:${sentence}`;
    count();
  });

  form.addEventListener("cells:clash", ({ detail: { member, wanted, status, label, by, at } }) => {
    const row = byMember[member];
    if (!row) return;
    row.saved = row.tr.dataset.saved = status;
    row.tr.classList.add("failed");
    row.state.textContent = "还没有保存";
    closeClash(row);
    const box = document.createElement("div");
    box.className = "clash";
    box.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = `${row.name}:${by} ${at} 登记为「${label}」,您选的是「${wordOf(wanted)}」。`;
    box.append(words);
    for (const [value, text] of [[status, `保留「${label}」`], [wanted, `改成「${wordOf(wanted)}」`]]) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "btn btn-plain btn-sm", textContent: text });
      button.addEventListener("click", () => {
        row.words = `${by} ${at}`;
        choose([{ row, status: value }], { wait: 0 });
        row.tr.classList.remove("failed");
        enter(rows.indexOf(row));
      });
      box.append(button, " ");
    }
    row.tr.children[1].append(box);
  });

  function closeClash(row) {
    row.tr.querySelector(".clash")?.remove();
  }

  for (const hidden of form.querySelectorAll(".keys, .grid-tools")) hidden.hidden = false;
  for (const row of rows) show(row, row.now);
  rove(rows[0]);
  const counted = [...form.querySelectorAll("[data-total]")].map((total) => [total.dataset.total, total.querySelector("b")]);
  countElsewhere(Object.fromEntries(counted.map(([status, number]) => [status, Number(number.textContent)])));
  count();
})();
