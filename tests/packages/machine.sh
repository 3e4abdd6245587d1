# usage: machine.sh FOLDER SHARE PROGRAM ARGS...; prints the process id of the machine's first process.
# Becomes a machine: this one's files, to which nothing is written, under an overlay in memory that goes with it; users,
# processes, mounts and control groups of its own; the network is shared, for the servers are on 127.0.0.1.
set -eu

# Its control group must be there before the name space is, whose root it becomes.
if [ "${1:-}" != inside ]; then
    groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    group=$groups/firepush-$$
    mkdir "$group"
    echo $$ >"$group/cgroup.procs"
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --cgroup --uts --ipc sh "$0" inside "$@" || true
    echo $$ >"$groups/cgroup.procs"
    find "$group" -depth -type d -exec rmdir {} \;
    exit 0
fi
shift
folder=$1 share=$2
shift 2
# The outer /proc is still the one that is mounted.
read -r id _ </proc/self/stat

mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
cd "$folder"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
cd root
mount --bind "$share" mnt
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for name in dev run tmp; do mount -t tmpfs -o mode=755 tmpfs $name; done
chmod 1777 tmp
for name in null zero full random urandom tty; do cp -a "/dev/$name" dev; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx

# Nothing starts but what is asked for: no unit of the machine beneath, and no policy against starting any.
rm -rf etc/systemd/system usr/lib/systemd/system/*.wants usr/sbin/policy-rc.d
mkdir etc/systemd/system
printf '[Unit]\nDefaultDependencies=no\n' >etc/systemd/system/machine.target
echo 00112233445566778899aabbccddeeff >etc/machine-id

mkdir run/before
pivot_root . run/before
cd /
umount -l run/before
rmdir run/before
# As systemd wants it: credentials are mounted by a child that has mounts of its own.
mount --make-rshared /
echo "$id"
exec "$@"
