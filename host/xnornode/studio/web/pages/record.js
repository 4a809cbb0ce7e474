import { h } from "/web/dom.js";

export default {
  title: "Record",
  mount(root, ctx) {
    root.append(h("h1", {}, "Record"));
    return () => {};
  },
};
