#!/bin/bash
# Makes what a deployment needs and must never be in an image: passwords, certificates, folders for data. Run it once,
# as the user the containers will run as (not root). What exists already is left alone; with --renew, every server gets
# another certificate.
set -euo pipefail
umask 077

renew=
[ "${1:-}" != --renew ] || { renew=1; shift; }
state=${1:-$(dirname "$0")/state}
days=825
authority_days=3650

inside="intake operator relay exchange dossiers replay audit auditor rules notifier inspector jurist"
hosted="rva rjv nic fpd famifed fedris"
guests="rsz ocmw bouw fin energie"
kafka_users="admin registrar relay exchange dossiers replay audit auditor rules notifier api inspector operator jurist $hosted $guests"
postgres_users="postgres owner $inside $hosted"

[ "$(id -u)" -ne 0 ] || [ "${ALLOW_ROOT:-}" = 1 ] || { echo "prepare.sh: run this as the user of the containers, not as root" >&2; exit 2; }
command -v openssl > /dev/null || { echo "prepare.sh: openssl is missing (apt-get install openssl)" >&2; exit 2; }

mkdir -p "$state"/{secrets/kafka,secrets/postgres,certificates,in,data/kafka-1,data/kafka-2,data/kafka-3,data/postgres,data/inbox,data/outgoing}

secret() { [ -e "$1" ] || openssl rand -base64 33 | tr '+/' '-_' | tr -d '\n' > "$1"; }
for user in $kafka_users; do secret "$state/secrets/kafka/$user"; done
for user in $postgres_users; do secret "$state/secrets/postgres/$user"; done
# The pepper stands behind every pseudonym: it must not change while topics or databases hold data.
[ -e "$state/secrets/pepper" ] || openssl rand 32 > "$state/secrets/pepper"

# The log is signed with this key; its public half joins those given away before, as old checkpoints stay signed with theirs.
[ -e "$state/secrets/signing-key" ] || openssl genpkey -algorithm ed25519 -out "$state/secrets/signing-key"
public=$(openssl pkey -in "$state/secrets/signing-key" -pubout)
known="$state/certificates/signing-keys.pem"
touch "$known"
[[ "$(< "$known")" == *"$public"* ]] || echo "$public" >> "$known"
chmod 644 "$known"

cd "$state/certificates"
ca=$PWD/authority
certify() { # the authority's certificate, for its key
    openssl req -x509 -key "$ca.key" -days "$authority_days" -subj "/CN=Kruispunt" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign
}
rm -f ca.crt.new
if [ ! -e ca.crt ]; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$ca.key"
    certify > ca.crt.new
elif [ -n "$renew" ]; then
    [ -e "$ca.key" ] || { echo "prepare.sh: put the authority's key back first, $ca.key" >&2; exit 1; }
    # Both are of the same key and name: whoever has the file as it was trusts what is signed now, and the other way round.
    openssl x509 -in ca.crt -noout -checkend $((days * 86400)) > /dev/null || { certify; openssl x509 -in ca.crt; } > ca.crt.new
fi
if [ -s ca.crt.new ]; then
    chmod 644 ca.crt.new
    mv ca.crt.new ca.crt
fi
certificate() { # file name, common name, host name
    [ ! -e "$1.crt" ] || [ -n "$renew" ] || return 0
    [ -e "$ca.key" ] || { echo "prepare.sh: $1 needs the authority's key, $ca.key" >&2; exit 1; }
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1.key.new" -out "$1.csr" 2> /dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey "$ca.key" -days "$days" -out "$1.crt.new" -extfile <(
        echo "subjectAltName=DNS:$3"
        echo "basicConstraints=critical,CA:FALSE"
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=serverAuth,clientAuth"
        echo "subjectKeyIdentifier=hash"
        echo "authorityKeyIdentifier=keyid"
    ) 2> /dev/null
    rm "$1.csr"
    mv "$1.key.new" "$1.key"
    mv "$1.crt.new" "$1.crt"
}
whole() { # file name: the key, its certificate and the authority's in one file
    [ ! -e "$1.pem" ] || [ -n "$renew" ] || return 0
    { cat "$1.key" "$1.crt"; openssl x509 -in ca.crt; } > "$1.pem.new"
    mv "$1.pem.new" "$1.pem"
}
# Kafka takes this common name for the user of the listeners between brokers and controllers, which is a super user.
for node in 1 2 3; do
    certificate "kafka-$node" broker "kafka-$node"
    whole "kafka-$node"
done
certificate postgres postgres postgres
certificate mail mail mail
whole mail

settings=../../.env
[ -n "${1:-}" ] && settings=../.env
cluster=-
while [ "${cluster#-}" != "$cluster" ]; do cluster=$(openssl rand 16 | base64 | tr '+/' '-_' | tr -d '=\n'); done
[ -e "$settings" ] || cat > "$settings" <<END
KRUISPUNT_UID=$(id -u)
KRUISPUNT_GID=$(id -g)
KAFKA_CLUSTER=$cluster
END
echo "ready: $(cd .. && pwd). Keep certificates/authority.key somewhere safe and offline."
