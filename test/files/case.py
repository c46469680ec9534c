"""One thing that is read: the files, how, and what of them."""

from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    format: str
    files: object  # name → text or bytes; or a function that makes them in a folder
    options: dict = field(default_factory=dict)
    schema: str = ""
    path: str = ""  # below the case's folder
    paths: tuple = ()  # several of them
    select: str = "*"
    where: str = ""
    conf: dict = field(default_factory=dict)
    order: bool = False  # rows in any order

    @property
    def key(self):
        return f"{self.format}/{self.name}"

    @property
    def columns(self):
        return [self.select] if isinstance(self.select, str) else list(self.select)

    def write(self, folder):
        if callable(self.files):
            return self.files(folder)
        for name, content in self.files.items():
            path = folder / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def csv(name, text, options=None, **more):
    return Case(name, "csv", text if isinstance(text, dict) else {"a.csv": text}, options or {}, **more)


def json(name, text, options=None, **more):
    return Case(name, "json", text if isinstance(text, dict) else {"a.json": text}, options or {}, **more)


def text(name, content, options=None, **more):
    return Case(name, "text", content if isinstance(content, dict) else {"a.txt": content}, options or {}, **more)
