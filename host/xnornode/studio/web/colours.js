// Colours of the theme for canvases, and one colour for a class everywhere.

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const COUNT = 8;
const order = [];

/** Say which classes there are, so that a class keeps its colour on every page. */
export function knowClasses(names) {
  for (const name of names) if (!order.includes(name)) order.push(name);
}

export function classIndex(name) {
  if (!order.includes(name)) order.push(name);
  return order.indexOf(name) % COUNT;
}

export const classColour = (name) => css(`--c${classIndex(name) + 1}`);
export const channelColour = (i) => css(`--c${(i % COUNT) + 1}`);

const changed = new Set();
/** Have a function called when the theme changes, as canvases have to be drawn again. */
export const onTheme = (run) => { changed.add(run); return () => changed.delete(run); };
export const themeChanged = () => changed.forEach((run) => run());
