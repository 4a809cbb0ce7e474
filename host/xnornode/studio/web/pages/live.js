import { h } from "/web/dom.js";

export default {
  title: "Live",
  mount(root, ctx) {
    root.append(h("h1", {}, "Live"));
    return () => {};
  },
};
