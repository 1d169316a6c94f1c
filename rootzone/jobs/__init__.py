"""Half a million runs, none lost and none lied about.

A campaign is cut into shards (`cut`), each shard is run and written whole or not at all
(`run_shard`), a driver hands shards to an executor (`run_campaign`), and everything a user asks
afterwards is read from what lies on disk: `status`, `losses`, `rounds` (retries and stand-ins) and
`why`.
"""
