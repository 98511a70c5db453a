/** Show a button that fills the screen with the board, if the browser can do that. */
export function offerFullScreen(button) {
  if (!document.fullscreenEnabled) return;
  button.hidden = false;
  const enter = button.textContent;
  document.addEventListener("fullscreenchange", () => {
    button.textContent = document.fullscreenElement ? button.dataset.leave : enter;
  });
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
}
