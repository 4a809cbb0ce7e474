import { h } from "/web/dom.js";

export default {
  title: "Models",
  mount(root, ctx) {
    root.append(h("h1", {}, "Models"));
    return () => {};
  },
};
