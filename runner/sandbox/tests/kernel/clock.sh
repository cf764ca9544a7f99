# Tells what clock it sees, and how long its waits are, in the manner of clock.c.
wait_for() {
    name=$1 asked=$2
    shift 2
    # /proc/uptime counts hundredths of a second.
    before=$(cut -d' ' -f1 /proc/uptime | tr -d .)
    "$@"
    after=$(cut -d' ' -f1 /proc/uptime | tr -d .)
    echo "wait-$name $asked $(((after - before) * 10))"
}
echo "date $(date +%s)"
# Two programs start for each reading: a wait of two seconds leaves room for them.
wait_for sleep 2000 sleep 2
wait_for timeout 2000 timeout 2 sleep 9
exec date '+second %s'
