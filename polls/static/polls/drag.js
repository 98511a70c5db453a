// Drag a row of a list to another place in it, with a finger, a pen or a mouse.

const EDGE_PX = 72;
const SCROLL_PX = 12;

/** Follow the pointer that has pressed `grip`; `onDrop` gets the place at which `row` was dropped among `rows`. */
export function dragRow(event, grip, row, rows, onDrop) {
  const boxes = rows.map((one) => one.getBoundingClientRect());
  const from = rows.indexOf(row);
  const start = event.clientY + window.scrollY;
  // How far other rows move to make room: the row's height, and the gap to the next one.
  const gap = rows.length > 1 ? boxes[1].top - boxes[0].bottom : 0;
  const room = boxes[from].height + gap;
  const centres = boxes.map((box) => box.top + window.scrollY + box.height / 2);
  let pointer = event.clientY;
  let to = from;
  let frame = 0;

  function draw() {
    const way = pointer + window.scrollY - start;
    const centre = centres[from] + way;
    to = centres.filter((other, place) => place !== from && other < centre).length;
    for (const [place, one] of rows.entries()) {
      if (place === from) one.style.transform = `translateY(${way}px)`;
      else if (place > from && place <= to) one.style.transform = `translateY(${-room}px)`;
      else if (place < from && place >= to) one.style.transform = `translateY(${room}px)`;
      else one.style.transform = "";
    }
  }

  function follow() {
    // Near the upper or lower edge of the window the page scrolls on.
    if (pointer < EDGE_PX) window.scrollBy(0, -SCROLL_PX);
    else if (pointer > window.innerHeight - EDGE_PX) window.scrollBy(0, SCROLL_PX);
    draw();
    frame = requestAnimationFrame(follow);
  }

  function move(moved) {
    if (moved.pointerId === event.pointerId) pointer = moved.clientY;
  }

  function end(ended) {
    if (ended.pointerId !== event.pointerId) return;
    cancelAnimationFrame(frame);
    draw();
    for (const one of rows) one.style.transform = "";
    row.classList.remove("dragged");
    for (const name of ["pointerup", "pointercancel"]) grip.removeEventListener(name, end);
    grip.removeEventListener("pointermove", move);
    if (ended.type === "pointerup" && to !== from) onDrop(to);
  }

  grip.setPointerCapture(event.pointerId);
  row.classList.add("dragged");
  grip.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel"]) grip.addEventListener(name, end);
  follow();
}
