// Keys of the review page, and a question before what is not saved is left. The form works without.
"use strict";
(() => {
  const form = document.getElementById("judge");
  const columns = [...form.querySelectorAll("fieldset")];
  const HOWS = { 0: "", 1: "right", 2: "wrong", 3: "corrected" };
  const radio = (column, how) => column.querySelector(`input[type=radio][value="${how}"]`);
  const focusOn = column => column.querySelector("input:checked").focus();
  let isSaved = !document.querySelector(".head[role=alert]");

  form.addEventListener("input", () => { isSaved = false; });
  form.addEventListener("submit", () => { isSaved = true; });
  addEventListener("beforeunload", event => { if (!isSaved) event.preventDefault(); });

  function step(column, by) {
    const to = columns[columns.indexOf(column) + by];
    if (to) focusOn(to);
    else if (by > 0) form.querySelector("[data-key=n]")?.focus();
  }

  function judge(column, how) {
    const choice = radio(column, how);
    if (choice.disabled) return;
    choice.click();
    if (how === "corrected") column.querySelector(".correction textarea, .correction select").focus();
    else step(column, 1);
  }

  form.addEventListener("keydown", event => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const column = event.target.closest("fieldset");
    if (event.target.matches("textarea, select")) {
      if (event.key === "Escape") { event.preventDefault(); focusOn(column); }
      return;
    }
    const button = [...form.querySelectorAll("[data-key]")].find(each => each.dataset.key === event.key);
    if (button) { event.preventDefault(); button.click(); }
    else if (column && event.key in HOWS) { event.preventDefault(); judge(column, HOWS[event.key]); }
    else if (column && "jk".includes(event.key)) { event.preventDefault(); step(column, event.key === "j" ? 1 : -1); }
  });
})();
