// Asks before a page is left while a form[data-guard] holds what is not saved. The value "unsaved" says that the page
// came back with what the server did not take.
(() => {
  const forms = document.querySelectorAll("form[data-guard]");
  let sending = false;

  function changed(field) {
    if (field.matches("[type=radio], [type=checkbox]")) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.matches("input:not([type=hidden]), textarea") && field.value !== field.defaultValue;
  }

  const unsaved = (form) => form.dataset.guard === "unsaved" || [...form.elements].some(changed);

  for (const form of forms) {
    form.addEventListener("submit", () => {
      sending = true;
    });
  }
  // A page that comes back from the browser's memory is not being sent any more.
  window.addEventListener("pageshow", () => {
    sending = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (sending || ![...forms].some(unsaved)) return;
    event.preventDefault();
    event.returnValue = true; // older browsers
  });
})();
