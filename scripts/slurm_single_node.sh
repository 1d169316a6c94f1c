#!/bin/bash
# A real Slurm on this one machine, for tests: controller, node daemon and munge, all in one folder.
#
#   apt-get install slurmctld slurmd slurm-client munge     (Debian, as root)
#   scripts/slurm_single_node.sh start DIR
#   export SLURM_CONF=DIR/slurm.conf; sbatch ...
#   scripts/slurm_single_node.sh stop DIR
#
# Nothing outside DIR is touched, but for the network ports 6917 and 6918 of the local host.
set -euo pipefail

usage() {
    echo "usage: $0 start|stop DIR" >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

write_configuration() {
    local host memory_mb
    host=$(hostname -s)
    memory_mb=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
    cat > "$dir/slurm.conf" <<EOF
ClusterName=single
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=6917
SlurmdPort=6918
SlurmUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobRequeue=1
KillWait=5
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory_mb State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
EOF
}

start() {
    mkdir -p "$dir/state" "$dir/spool" "$dir/munge"
    chmod 0700 "$dir/munge"
    write_configuration
    if [ ! -s "$dir/munge/key" ]; then
        head -c 1024 /dev/urandom > "$dir/munge/key"
        chmod 0400 "$dir/munge/key"
    fi
    # --force: munged minds the owner of the folders above, which are a test's own.
    munged --force --key-file="$dir/munge/key" --socket="$dir/munge.socket" \
        --pid-file="$dir/munged.pid" --log-file="$dir/munge/munged.log" \
        --seed-file="$dir/munge/seed"
    export SLURM_CONF="$dir/slurm.conf"
    slurmctld -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF"
    for _ in $(seq 60); do
        if sinfo --noheader --format=%T 2> /dev/null | grep -qE '^(idle|mixed|allocated)'; then
            echo "export SLURM_CONF=$SLURM_CONF"
            return
        fi
        sleep 0.5
    done
    echo "Slurm did not come up in 30 s; logs are in $dir" >&2
    exit 1
}

stop() {
    local name pid
    for name in slurmd slurmctld munged; do
        [ -s "$dir/$name.pid" ] || continue
        pid=$(cat "$dir/$name.pid")
        kill "$pid" 2> /dev/null || continue
        for _ in $(seq 40); do
            kill -0 "$pid" 2> /dev/null || break
            sleep 0.25
        done
    done
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
