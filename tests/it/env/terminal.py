# Runs a command on a terminal of its own and prints what that shows.
#
#     terminal.py COLUMNS ROWS KEYS COMMAND...
#
# KEYS is JSON: [[text, keys], ...]: when the text has appeared, the keys are typed. The exit status
# is the command's; 98 if the terminal is not as it was before, 99 if the command did not end.
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time

columns, rows, keys, command = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4:]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
before = termios.tcgetattr(theirs)


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
shown, seen, end = b"", 0, time.time() + 40
while True:
    ended = child.poll() is not None
    if select.select([ours], [], [], 0 if ended else 0.05)[0]:
        shown += os.read(ours, 65536)
    elif ended:
        break
    if keys and keys[0][0].encode() in shown[seen:]:
        seen += shown[seen:].index(keys[0][0].encode()) + len(keys[0][0].encode())
        time.sleep(0.2)
        os.write(ours, keys.pop(0)[1].encode())
    if time.time() > end:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.returncode = 99
        break
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
if child.returncode != 99 and termios.tcgetattr(theirs) != before:
    sys.exit(98)
sys.exit(child.returncode if child.returncode >= 0 else 128 - child.returncode)
