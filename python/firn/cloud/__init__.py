"""The embedded AWS profile's part of boto3: no account, no network; metrics land in a file, the rest is refused.

Used where neither credentials nor endpoints of AWS are set and `firn run` was not given --aws. boto3 need not be
installed: a stand-in module answers `import boto3` then.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys

from firn.cloud.services import client, resource


class _Completed(importlib.abc.Loader):
    """The installed boto3, whose clients are ours."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        from boto3.session import Session
        module.client, module.resource = client, resource
        Session.client = lambda self, service_name, *args, **kwargs: client(service_name, *args, **kwargs)
        Session.resource = lambda self, service_name, *args, **kwargs: resource(service_name, *args, **kwargs)


class _StandIn(importlib.abc.Loader):
    def create_module(self, spec):
        return None

    def exec_module(self, module):
        class Session:
            def __init__(self, *args, region_name=None, **kwargs):
                self.region_name = region_name

            def client(self, service_name, *args, **kwargs):
                return client(service_name, *args, **kwargs)

            def resource(self, service_name, *args, **kwargs):
                return resource(service_name, *args, **kwargs)

        module.client, module.resource, module.Session = client, resource, Session
        module.setup_default_session = lambda **kwargs: None


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "boto3":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            return importlib.util.spec_from_loader(name, _StandIn())
        spec.loader = _Completed(spec.loader)
        return spec


_finder = None


def install():
    global _finder
    if _finder is None:
        _finder = _Finder()
        sys.meta_path.insert(0, _finder)
