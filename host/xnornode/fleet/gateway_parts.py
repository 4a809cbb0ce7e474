"""A gateway with all its parts, by its settings."""

from __future__ import annotations

from collections.abc import Callable

from xnornode.fleet.discovery import Discovery
from xnornode.fleet.gateway import Gateway
from xnornode.fleet.gateway_config import GatewaySettings
from xnornode.fleet.gateway_metrics import MetricsServer
from xnornode.fleet.gateway_native import Native
from xnornode.fleet.hours import Hours
from xnornode.fleet.updater import Updater


def assemble(
    settings: GatewaySettings, say: Callable[[str], None]
) -> tuple[Gateway, Callable[[], None]]:
    """A gateway that is not started yet, and what ends its further parts.

    Parameters
    ----------
    settings : GatewaySettings
        What it does.
    say : callable
        Gets a line of talk.

    Returns
    -------
    tuple of Gateway and callable
        The callable comes before `Gateway.close`.

    Raises
    ------
    XnorNodeError
        If a part cannot work: the queue's file, the port for metrics.
    """
    server = MetricsServer(settings.metrics) if settings.metrics else None
    try:
        gateway = Gateway(settings, say)
    except BaseException:
        if server:
            server.close()
        raise
    gateway.extras += [
        Hours(gateway),
        Updater(
            gateway, gateway.open_node, largest=settings.largest_model, key=gateway.key, say=say
        ),
        Discovery(gateway, settings.discovery_prefix, settings.homeassistant, say),
    ]
    if settings.native:
        Native(gateway)
    if server:
        server.serve(gateway)
    return gateway, server.close if server else lambda: None
