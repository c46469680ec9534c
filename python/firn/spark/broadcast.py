"""A broadcast variable: the value itself. Functions that use it carry it to where they run."""


class Broadcast:
    def __init__(self, value):
        self._value = value

    @property
    def value(self):
        return self._value

    def unpersist(self, blocking=False):
        pass

    def destroy(self, blocking=False):
        self._value = None
