"""The seal: what charges a card, or proves a person, is encrypted wherever it rests."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """Not sealed by a key that we have: the key was changed, or the row was."""


class Seal:
    """Keys are 32 bytes in URL-safe base64; the first seals, all open."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])

    def close(self, plain: str) -> bytes:
        return self._keys.encrypt(plain.encode())

    def open(self, sealed: bytes) -> str:
        try:
            return self._keys.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SealBroken from error
