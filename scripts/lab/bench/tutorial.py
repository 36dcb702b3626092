# The tutorial's script. It uses the standard library's HTTP client instead of the package requests.
import json
import os
import sqlite3
import sys
import urllib.request
from datetime import date

BASE_URL = os.environ["SCAVIO_BASE_URL"]
API_KEY = os.environ["SCAVIO_API_KEY"]
HASHTAGS = json.load(open("data/hashtags.json"))["hashtags"]


def get_hashtag_stats(tag):
    request = urllib.request.Request(
        f"{BASE_URL}/api/v1/tiktok/hashtag",
        data=json.dumps({"hashtag": tag, "hashtag_name": tag}).encode(),
        headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=15) as response:
        return json.load(response)


def init_db(path="tutorial.db"):
    conn = sqlite3.connect(path)
    conn.execute(
        "CREATE TABLE IF NOT EXISTS snapshots (date TEXT, hashtag TEXT, video_count INTEGER,"
        " view_count INTEGER, PRIMARY KEY (date, hashtag))"
    )
    conn.commit()
    return conn


def save(conn, tag, stats):
    conn.execute(
        "INSERT OR REPLACE INTO snapshots VALUES (?,?,?,?)",
        (str(date.today()), tag, stats.get("video_count", 0), stats.get("view_count", 0)),
    )
    conn.commit()


def growth(conn, tag):
    rows = conn.execute(
        "SELECT video_count FROM snapshots WHERE hashtag=? ORDER BY date DESC LIMIT 2", (tag,)
    ).fetchall()
    if len(rows) < 2 or rows[1][0] == 0:
        return None
    return round((rows[0][0] - rows[1][0]) / rows[1][0] * 100, 2)


if __name__ == "__main__":
    conn = init_db()
    for tag in HASHTAGS:
        try:
            stats = get_hashtag_stats(tag)
            save(conn, tag, stats)
            print(f"#{tag:<20} {stats.get('video_count', 0):>12,} videos | growth: {growth(conn, tag)}")
        except Exception as e:
            print(f"#{tag}: error - {e}")
            sys.exit(1)
