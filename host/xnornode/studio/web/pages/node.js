import { h } from "/web/dom.js";

export default {
  title: "Node",
  mount(root, ctx) {
    root.append(h("h1", {}, "Node"));
    return () => {};
  },
};
