"""Whether one of Airflow's components is healthy, as the API server sees it: `healthy.py COMPONENT`, exit code 0 or 1.

`airflow jobs check` would say it too, but imports all of Airflow for it, which costs seconds of a core at every look.
"""

import json
import os
import sys
import urllib.request

NAMES = {"api-server": "metadatabase", "dag-processor": "dag_processor"}

if __name__ == "__main__":
    with urllib.request.urlopen(os.environ["AIRFLOW_HEALTH_URL"], timeout=10) as answer:
        report = json.load(answer)
    sys.exit(report[NAMES.get(sys.argv[1], sys.argv[1])]["status"] != "healthy")
