// The back button may show a page as it was, from memory, to whoever comes after somebody who signed out.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
