"""What the benchmark's own programs are told, by environment variables."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class LeanSettings(BaseSettings):
    """One service of the lean reference or of the peer. `linger`: seconds that a growing batch is waited for."""

    model_config = SettingsConfigDict(env_prefix="BENCH_")

    broker: str
    database: str
    traces: str = ""
    bare: bool = False
    linger: float = 0.0
    orm: bool = False
