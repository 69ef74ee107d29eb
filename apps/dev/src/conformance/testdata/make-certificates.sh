#!/bin/sh
# Makes the certificates in `made/`, which the tests of certificate names and formats use. All are
# signed by one authority, whose key is thrown away: run it again for a new set of all. Each file but
# `ca.pem` holds a certificate and its key, so that it can be named as both. Needs OpenSSL 3.
set -eu
out="$(cd "$(dirname "$0")" && pwd)/made"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out"/*.pem
cd "$work"

# `openssl ca` is the one that lets both dates be chosen: the clock of a test machine may be wrong.
cat >ca.conf <<'END'
[ca]
default_ca = made
[made]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_startdate = 20200101000000Z
default_enddate = 20550101000000Z
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
domainComponent = optional
userId = optional
emailAddress = optional
END
: >index.txt

# signed NAME SUBJECT EXTENSIONS [AUTHORITY [END]]: signs NAME.key, or a new EC key, into NAME.crt. An
# authority signs itself.
signed() {
  if [ ! -f "$1.key" ]; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
  fi
  openssl req -new -utf8 -key "$1.key" -subj "$2" -out "$1.csr" 2>>openssl.log
  printf '%b' "$3" >"$1.ext"
  if [ "$1" = "${4:-ca}" ]; then issuer="-selfsign"; else issuer="-cert ${4:-ca}.crt"; fi
  if [ -n "${5:-}" ]; then issuer="$issuer -enddate $5"; fi
  # Several words are meant.
  # shellcheck disable=SC2086
  openssl ca -config ca.conf -batch -notext -utf8 -preserveDN $issuer -keyfile "${4:-ca}.key" \
    -extfile "$1.ext" -in "$1.csr" -out "$1.crt" 2>>openssl.log || { cat openssl.log; exit 1; }
}

signed ca "/O=Weft test/CN=made authority" "basicConstraints=critical,CA:true\n"
cp ca.crt "$out/ca.pem"

# client NAME SUBJECT [ALTERNATIVE NAMES]
client() {
  extensions="extendedKeyUsage=clientAuth\n"
  if [ -n "${3:-}" ]; then extensions="${extensions}subjectAltName=$3\n"; fi
  signed "$1" "$2" "$extensions"
  cat "$1.crt" "$1.key" >"$out/$1.pem"
}

# Whose names say who they are (AN-30 to AN-32).
client emails "/CN=emails" \
  "DNS:dns.first.test,email:nobody@users.test,email:mail@users.test,URI:urn:weft:emails"
client dns "/O=Weft/CN=dns" "URI:urn:weft:dns,DNS:dns.users.test"
client uri "/CN=uri" "email:nobody@users.test,DNS:nobody.test,URI:spiffe://weft.test/uri"
client address "/CN=address" "IP:10.1.2.3"
client exact "/DC=test/DC=weft/O=Weft/OU=One/OU=Two/CN=exact"
client reordered "/C=CH/O=Weft/CN=reordered"
client multi "/O=Weft/CN=multi+OU=Group"
client escaped '/O=Weft, Inc. \+ Sons/CN=#escaped '
client accents "/O=Weft/CN=Zoë Ångström"
client domain "/DC=test/DC=weft/CN=domain/emailAddress=domain@users.test"
client mixed "/UID=7/CN=mixed/OU=One/O=Weft/OU=Two"
client typed "/CN=typed" "email:typed@users.test"
client secret "/CN=secret"
client stranger "/CN=stranger"
client injected '/CN=x,CN\=exact/O=Weft'
client nameless "/"

# Server certificates with keys in every format (TL-02, TL-03).
server="extendedKeyUsage=serverAuth\nsubjectAltName=DNS:"
openssl genrsa -out rsa-pkcs1.key 2048 2>>openssl.log
signed rsa-pkcs1 "/CN=rsa-pkcs1" "${server}rsa-pkcs1.test\n"
openssl rsa -traditional -in rsa-pkcs1.key -out rsa-pkcs1.shown 2>>openssl.log
cat rsa-pkcs1.shown rsa-pkcs1.crt >"$out/rsa-pkcs1.pem"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-pkcs8.key 2>>openssl.log
signed rsa-pkcs8 "/CN=rsa-pkcs8" "${server}rsa-pkcs8.test\n"
cat rsa-pkcs8.crt rsa-pkcs8.key >"$out/rsa-pkcs8.pem"
openssl ecparam -name prime256v1 -genkey -out ec-sec1.key
signed ec-sec1 "/CN=ec-sec1" "${server}ec-sec1.test\n"
cat ec-sec1.key ec-sec1.crt >"$out/ec-sec1.pem"
openssl genpkey -algorithm ED25519 -out ed25519.key
signed ed25519 "/CN=ed25519" "${server}ed25519.test\n"
cat ed25519.crt ed25519.key >"$out/ed25519.pem"
signed between "/O=Weft test/CN=made authority between" "basicConstraints=critical,CA:true\n"
signed chain "/CN=chain" "${server}chain.test\n" between
openssl x509 -in chain.crt -text | sed 's, *$,,' >chain.shown
cat chain.shown between.crt chain.key >"$out/chain.pem"

# Clients of authorities between, one of which has run out, under a root of their own (attack 32).
authority="basicConstraints=critical,CA:true\n"
signed roots "/O=Weft test/CN=root of those between" "$authority" roots
cp roots.crt "$out/roots.pem"
signed valid-between "/O=Weft test/CN=valid between" "$authority" roots
signed expired-between "/O=Weft test/CN=expired between" "$authority" roots 20210101000000Z
for between in valid expired; do
  signed "$between-chain" "/CN=$between-chain" "extendedKeyUsage=clientAuth\n" "$between-between"
  cat "$between-chain.crt" "$between-between.crt" "$between-chain.key" >"$out/$between-chain.pem"
done
