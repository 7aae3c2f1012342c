"""The network of each decoder, and how the one that is being trained finds targets."""

from __future__ import annotations

from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.learn.ctc import CtcNetwork, FramedNetwork
from charnn.tasks.transducer.learn.network import TransducerNetwork
from charnn.tasks.transducer.learn.stepping import SteppedNetwork

AnyNetwork = TransducerNetwork | CtcNetwork


def network_of(config: TransducerNetworkConfig) -> AnyNetwork:
    return CtcNetwork(config) if config.decoder == "ctc" else TransducerNetwork(config)


def decoder_of(network: AnyNetwork) -> SteppedNetwork | FramedNetwork:
    return FramedNetwork(network) if isinstance(network, CtcNetwork) else SteppedNetwork(network)
