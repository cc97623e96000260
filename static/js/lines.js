// Takes a[data-line] to that line of the text that its address names, and marks the line.
(() => {
  // How far down a line begins, long lines above it wrapped as they are on the page.
  function heightAbove(area, text) {
    const twin = area.cloneNode();
    twin.removeAttribute("id");
    twin.removeAttribute("name");
    Object.assign(twin.style, { position: "absolute", visibility: "hidden", height: "0", minHeight: "0" });
    twin.style.width = `${area.offsetWidth}px`;
    twin.value = text;
    area.after(twin);
    const height = twin.scrollHeight;
    twin.remove();
    return height;
  }

  function show(area, number) {
    const lines = area.value.split("\n");
    const above = lines.slice(0, number - 1).join("\n");
    const start = above.length + (number > 1 ? 1 : 0);
    area.focus({ preventScroll: true });
    area.setSelectionRange(start, start + (lines[number - 1] || "").length);
    area.scrollTop = heightAbove(area, above) - area.clientHeight / 2;
    area.scrollIntoView({ block: "center" });
  }

  for (const link of document.querySelectorAll("a[data-line]")) {
    link.addEventListener("click", (event) => {
      const area = document.getElementById(link.hash.slice(1));
      if (!area) return;
      event.preventDefault();
      show(area, Number(link.dataset.line));
    });
  }
})();
