import { h } from "/web/dom.js";

export default {
  title: "Data",
  mount(root, ctx) {
    root.append(h("h1", {}, "Data"));
    return () => {};
  },
};
