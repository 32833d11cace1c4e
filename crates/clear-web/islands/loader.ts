// Offers the map that can be moved, and fetches it only for whoever wants it: it is larger than all pages together.
//
// In:    the island's element, which the page has written: addresses of the parts, the tiles, the city's box.
// Out:   a button; behind it, the map in the place of the picture.
// Never: hides the picture before the map is there.

const island = document.querySelector<HTMLElement>("#map-island");
const picture = document.querySelector<HTMLElement>("#map-picture");

if (island !== null && picture !== null) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Move around in the map";
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "help";
  const offer = document.createElement("p");
  offer.className = "actions";
  offer.append(button, said);
  picture.before(offer);
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "Fetching the map …";
    try {
      const { show } = await import(island.dataset.script ?? "");
      island.hidden = false;
      await show(island);
      picture.hidden = true;
      offer.remove();
      island.focus();
    } catch (error) {
      island.hidden = true;
      button.disabled = false;
      said.textContent = "The map cannot be shown here. The picture below shows the same.";
      console.error(error);
    }
  });
}
