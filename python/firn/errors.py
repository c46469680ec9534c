"""What firn refuses, by name, with what to do instead."""


class NotSupported(NotImplementedError):
    """A feature that exists in Spark or Glue and not here. The message names it and what to write instead."""

    def __init__(self, feature, instead=""):
        self.feature = feature
        self.instead = instead
        text = f"{feature} is not supported by firn"
        super().__init__(f"{text}: {instead}" if instead else f"{text}.")


def refused(feature, instead):
    """A function or method that refuses; the table of what there is (docs/awsglue.md) knows it by its mark."""
    def call(*args, **kwargs):
        raise NotSupported(feature, instead)
    call.refused = instead
    return call
