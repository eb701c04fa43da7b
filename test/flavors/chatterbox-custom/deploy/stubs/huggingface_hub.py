def snapshot_download(repo_id, allow_patterns):
    return repo_id
