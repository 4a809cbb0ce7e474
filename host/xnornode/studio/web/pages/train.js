import { h } from "/web/dom.js";

export default {
  title: "Train",
  mount(root, ctx) {
    root.append(h("h1", {}, "Train"));
    return () => {};
  },
};
