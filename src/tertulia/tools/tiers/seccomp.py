"""The system calls that a program in a namespace does not need, written for the kernel.

A namespace takes away the network and the files, and limits of resources take away processes and memory, but not all:
shared memory of System V counts for no limit, and the rarer calls are where the kernel's own faults are found.
"""

from __future__ import annotations

import platform
import struct

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # refuse: EPERM
_NUMBER, _ARCHITECTURE = 0, 4
_X32 = 0x40000000
"""Where on x86-64 the same calls begin under other numbers."""

_EVERYWHERE = (
    *range(424, 436),  # pidfd_send_signal, io_uring, the new mount calls, pidfd_open, clone3
    442,  # mount_setattr
    447,  # memfd_secret
)
REFUSED = {
    "x86_64": (
        0xC000003E,
        (
            *(56, 57, 58),  # clone fork vfork
            41,  # socket
            *(29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240),  # shared memory, semaphores, message queues
            *(101, 310, 311),  # ptrace, memory of other processes
            *(319, 323),  # memfd_create userfaultfd
            *(155, 161, 165, 166, 272, 308),  # pivot_root chroot mount umount2 unshare setns
            *(248, 249, 250, 298, 321),  # keys, perf_event_open, bpf
            *(175, 313, 246, 320, 169),  # modules, kexec, reboot
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            220,
            198,
            *(186, 187, 188, 189, 190, 191, 193, 194, 195, 196, 180),
            *(117, 270, 271),
            *(279, 282),
            *(41, 51, 40, 39, 97, 268),
            *(217, 218, 219, 241, 280),
            *(105, 273, 104, 294, 142),
        ),
    ),
}


def filter_program() -> bytes | None:
    """The filter for `bwrap --seccomp`; None on a processor whose numbers are not known here."""
    if platform.machine() not in REFUSED:
        return None
    architecture, numbers = REFUSED[platform.machine()]
    numbers = (*numbers, *_EVERYWHERE)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, len(numbers) + 1, 0, _X32),
        *((_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
