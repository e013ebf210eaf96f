"""An authority of a test's own, and the certificates it gives away."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
ENDS = BEGAN + timedelta(days=36500)


@dataclass(frozen=True)
class Identity:
    """Paths of a certificate and its key."""

    certificate: str
    key: str


class Authority:
    """Signs certificates; ``path`` is where its own lies."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        usage = x509.BasicConstraints(ca=True, path_length=None)
        own = _builder(self._name, self._name, self._key.public_key())
        signed = own.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.path = str(_written(folder / f"{name}.pem", _pem(signed)))

    def identity(self, *names: str, file: str = "peer") -> Identity:
        """A certificate for host names and addresses, in files called ``file``."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        own = _builder(_named(names[0]), self._name, key.public_key())
        signed = own.add_extension(alternatives, critical=False).sign(self._key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Identity(
            str(_written(self._folder / f"{file}.crt", _pem(signed))),
            str(_written(self._folder / f"{file}.key", secret)),
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGAN)
        .not_valid_after(ENDS)
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
