"""In place of RunPod's SDK: jobs come as lines, what the handler yields goes out as lines, as /stream has it."""

import inspect
import json
import sys

from chatterbox.tts_turbo import said


class serverless:
    @staticmethod
    def start(config):
        handler = config["handler"]
        assert inspect.isgeneratorfunction(handler), "RunPod streams generator handlers alone"
        for line in sys.stdin:
            stream = []
            status = "COMPLETED"
            try:
                stream = [{"output": output} for output in handler(json.loads(line))]
            except Exception:
                status = "FAILED"
            print(json.dumps({"status": status, "stream": stream, "said": said}), flush=True)
            said.clear()
