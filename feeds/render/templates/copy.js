for (const button of document.querySelectorAll("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  field.addEventListener("focus", () => field.select());
  button.hidden = false;
  button.addEventListener("click", () => {
    field.focus();
    field.select();
    if (document.execCommand("copy")) button.textContent = button.dataset.done;
  });
}
