"""Has cloud-init itself judge seeds, in its own root: a folder for each, which holds the seed and what is wanted of it.

Prints a line for each seed that fails, and how many there were.
"""
import base64
import json
import os
import subprocess
import sys

from cloudinit import util
from cloudinit.config import cc_write_files, schema


def check(folder):
    def path(name):
        return os.path.join(folder, name)

    schema.validate_cloudconfig_file(path("user-data"), WHOLE_SCHEMA, annotate=False)
    with open(path("user-data"), "rb") as file:
        document = util.load_yaml(file.read(), default={})
    with open(path("meta-data"), "rb") as file:
        meta = util.load_yaml(file.read(), default={})
    with open(path("wanted.json"), encoding="utf8") as file:
        wanted = json.load(file)
    assert meta == wanted["metaData"], meta
    assert document.get("runcmd") == wanted["commands"], document.get("runcmd")
    cc_write_files.write_files("write-files", document["write_files"], "root:root")
    for name, contents in wanted["files"].items():
        with open(name, "rb") as file:
            assert file.read() == base64.b64decode(contents), name
    # The commands as cloud-init has a shell run them, but for those that need a machine.
    script = util.shellify([words for words in document["runcmd"] if words[0] == "sh"])
    subprocess.run(["sh"], input=script.encode(), check=True)
    for name in wanted["folders"]:
        assert os.path.isdir(base64.b64decode(name)), name


WHOLE_SCHEMA = schema.get_schema()
folders = sorted(os.scandir(sys.argv[1]), key=lambda entry: entry.name)
for entry in folders:
    try:
        check(entry.path)
    except Exception as error:  # Whatever it is, it is told of the seed that it came with.
        print(f"{entry.name}: {error!r}")
print(f"{len(folders)} seeds")
