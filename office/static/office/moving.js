// Lists whose items are dragged, with a mouse or a finger.

// How near to an edge, in CSS pixels, a drag makes things scroll, and how far at each frame.
const EDGE = 48;
const STEP = 10;

/** Let the items of a list be dragged by their handles; `onMove` is called with an item that was put elsewhere. */
export function makeMovable(list, { handle, onMove }) {
  list.addEventListener("pointerdown", (event) => {
    const held = event.target.closest(handle);
    if (!held || event.button !== 0) return;
    event.preventDefault();
    held.focus();
    drag(list, [...list.children].find((item) => item.contains(held)), held, event, onMove);
  });
}

function drag(list, item, held, start, onMove) {
  const next = item.nextElementSibling;
  const ended = new AbortController();
  let y = start.clientY;
  held.setPointerCapture(start.pointerId);
  list.classList.add("dragging");
  item.classList.add("dragged");

  const makeRoom = () => {
    let other;
    // The neighbours move, and not the item: an element that is moved in the page loses the pointer.
    while ((other = item.previousElementSibling) && y < middle(other)) item.after(other);
    while ((other = item.nextElementSibling) && y > middle(other)) item.before(other);
  };
  const follow = () => {
    scroll(list, y);
    makeRoom();
    frame = requestAnimationFrame(follow);
  };
  const end = () => {
    ended.abort();
    cancelAnimationFrame(frame);
    list.classList.remove("dragging");
    item.classList.remove("dragged");
  };
  let frame = requestAnimationFrame(follow);

  const on = (name, act, target = held) => target.addEventListener(name, act, { signal: ended.signal });
  on("pointermove", (event) => { y = event.clientY; });
  on("pointerup", (event) => {
    // A slow device may not have drawn since the last move.
    y = event.clientY;
    makeRoom();
    end();
    if (item.nextElementSibling !== next) onMove(item);
  });
  const giveUp = () => {
    end();
    list.insertBefore(item, next);
  };
  on("pointercancel", giveUp);
  on("keydown", (event) => { if (event.key === "Escape") giveUp(); }, window);
}

const middle = (item) => {
  const { top, height } = item.getBoundingClientRect();
  return top + height / 2;
};

/** Scroll a list that has a height of its own, and else the window, if the pointer is near to an edge. */
function scroll(list, y) {
  const isBox = list.scrollHeight > list.clientHeight + 1;
  const { top, bottom } = isBox ? list.getBoundingClientRect() : { top: 0, bottom: innerHeight };
  const by = y < top + EDGE ? -STEP : y > bottom - EDGE ? STEP : 0;
  if (by) (isBox ? list : window).scrollBy(0, by);
}
