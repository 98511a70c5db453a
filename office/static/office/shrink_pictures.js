// A photo of a phone has more bytes than a form may send, and many more than are shown: it is drawn smaller first.

const MOST_BYTES = 300_000;
const MOST_PIXELS = 720;

async function shrink(input) {
  const [file] = input.files;
  if (!file || file.size <= MOST_BYTES) return;
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
  const chosen = new DataTransfer();
  chosen.items.add(new File([blob], file.name, { type: blob.type }));
  input.files = chosen.files;
}

for (const input of document.querySelectorAll("[data-picture]")) {
  let work = Promise.resolve();
  // What the browser cannot draw is sent as it is: the server says what is wrong with it.
  input.addEventListener("change", () => {
    delete input.form.dataset.shrunk;
    work = shrink(input).catch(() => {});
  });
  input.form.addEventListener("submit", async (event) => {
    if (input.form.dataset.shrunk) return;
    event.preventDefault();
    await work;
    // A file that was chosen before this script had come is as large as it was.
    await shrink(input).catch(() => {});
    input.form.dataset.shrunk = "yes";
    // In a task of its own: while a form tells of one submission it takes no other, and the first click would be lost.
    setTimeout(() => input.form.requestSubmit(event.submitter));
  });
}
