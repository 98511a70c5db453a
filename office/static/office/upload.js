// A file that the server would not take is refused here, before it is sent.

for (const field of document.querySelectorAll("input[type=file][data-largest]")) {
  field.form.noValidate = false;
  field.addEventListener("change", () => {
    const isTooLarge = [...field.files].some((file) => file.size > Number(field.dataset.largest));
    field.setCustomValidity(isTooLarge ? field.dataset.tooLarge : "");
    field.reportValidity();
  });
}
