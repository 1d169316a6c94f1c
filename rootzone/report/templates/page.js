"use strict";
// Errors are kept where the self-test of the page can find them.
window.pageErrors = [];
window.addEventListener("error", (event) => window.pageErrors.push(String(event.message)));
window.addEventListener("unhandledrejection", (event) => window.pageErrors.push(String(event.reason)));

for (const button of document.querySelectorAll("button.copy")) {
  const pre = button.parentElement.querySelector("pre");
  button.addEventListener("click", () => {
    const range = document.createRange();
    range.selectNodeContents(pre);
    const chosen = window.getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
    let copied = false;
    try { copied = document.execCommand("copy"); } catch (error) { copied = false; }
    button.textContent = copied ? "copied" : "selected";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
