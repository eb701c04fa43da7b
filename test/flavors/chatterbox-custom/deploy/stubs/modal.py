"""In place of Modal's SDK: decorators that write down what they were given."""

settings = {}


class Image:
    @staticmethod
    def debian_slim(python_version):
        return Image()

    def pip_install(self, *packages):
        return self

    def env(self, values):
        settings["env"] = values
        return self

    def add_local_python_source(self, *modules):
        settings["modules"] = modules
        return self


class Volume:
    @staticmethod
    def from_name(name, create_if_missing):
        return name


class App:
    def __init__(self, name, image):
        pass

    def cls(self, **values):
        settings["cls"] = values
        return lambda kind: kind


def concurrent(max_inputs):
    settings["max_inputs"] = max_inputs
    return lambda kind: kind


def enter():
    return lambda method: method


def asgi_app(requires_proxy_auth):
    settings["requires_proxy_auth"] = requires_proxy_auth
    return lambda method: method
