#!/bin/bash
# Starts one Kafka node. The password goes from its file into a file in memory, never into arguments or the environment.
set -euo pipefail
umask 077

configuration=$(</etc/kruispunt/server.properties)
printf '%s\n' "${configuration//@NODE@/$NODE}" > /tmp/server.properties

# This user must exist before the cluster can let anybody in; the others are made by `kruispunt provision`.
cat > /tmp/format.args <<END
format
-t
$CLUSTER
-c
/tmp/server.properties
--ignore-formatted
--add-scram
SCRAM-SHA-512=[name=admin,password=$(</run/secrets/kafka-admin)]
END
# It prints the stored keys: nobody may see that.
/opt/kafka/bin/kafka-storage.sh @/tmp/format.args > /dev/null 2>&1 || { echo "the storage cannot be formatted" >&2; exit 1; }
rm /tmp/format.args

exec /opt/kafka/bin/kafka-server-start.sh /tmp/server.properties
