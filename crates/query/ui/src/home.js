// The button that copies the snippet.

const button = document.querySelector("[data-copies]");
const text = document.getElementById(button?.dataset.copies ?? "");

if (button && text && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent.trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}
