"""The layers of a model in words."""

from xnornode.model.model import Model


def describe_layers(model: Model) -> list[str]:
    """The layers of a model in words.

    Parameters
    ----------
    model : Model
        The integer network.

    Returns
    -------
    list of str
        One line per layer.
    """
    lines = []
    for layer in model.layers:
        m, kh, kw, _ = layer.weights.shape
        h, w, c = layer.input_shape
        if (kh, kw) == (h, w) and layer.outputs != "scores":
            text = f"dense {h * w * c} -> {m}"
        elif layer.outputs == "scores":
            text = f"scores {c} -> {m}" + (
                f", global average pooling of {h} x {w}" if h * w > 1 else ""
            )
        else:
            text = f"conv {kh} x {kw} x {c // layer.groups}, {h} x {w} -> {m} filters"
            if layer.groups > 1:
                text += f", {layer.groups} groups"
            if layer.stride != (1, 1):
                text += f", stride {layer.stride[0]} x {layer.stride[1]}"
            if layer.pool != (1, 1):
                text += f", pool {layer.pool[0]} x {layer.pool[1]}"
        lines.append(f"{text}, {layer.inputs} in")
    return lines
