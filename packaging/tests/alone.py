"""Runs a command in a network of its own, that has a loopback address and nothing else:

    unshare --net python3 alone.py COMMAND ARGUMENT…

so that a server there may take the ports that its configuration names.
"""

import fcntl
import os
import socket
import struct
import sys

# From linux/sockios.h and linux/if.h.
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
    fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
