"use strict";
// Errors are kept where the self-test of the page can find them.
window.pageErrors = [];
window.addEventListener("error", (event) => window.pageErrors.push(String(event.message)));
window.addEventListener("unhandledrejection", (event) => window.pageErrors.push(String(event.reason)));

// What is cut at the right edge says that it scrolls.
function tellScrolling() {
  for (const box of document.querySelectorAll(".scroll")) {
    const more = box.scrollWidth > box.clientWidth + 4;
    box.classList.toggle("more", more);
    let hint = box.previousElementSibling;
    if (!hint || !hint.classList.contains("scroll-hint")) {
      if (!more) continue;
      hint = document.createElement("span");
      hint.className = "scroll-hint";
      hint.textContent = "scroll sideways →";
      box.before(hint);
    }
    hint.hidden = !more;
  }
}
tellScrolling();
window.addEventListener("resize", tellScrolling);
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", tellScrolling);

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
