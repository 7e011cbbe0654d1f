"""Programs that try to get out, to look around, or to bring the machine down.

Words in capitals between @ are filled in by the judge: @SECRET@ is a file that anyone may read and that holds a token,
@FOLDER@ a folder that anyone may write to, @PORT@ a port at which someone listens, @SOCKET@ the name of an abstract
socket, @VICTIM@ the number of a process, @PROOF@ what a program prints where it had its way.
"""

# ruff: noqa: E501 — a short program is easiest to read on one line

PROGRAMS: dict[str, str] = {
    # endless
    "loop": "while True: pass",
    "loop that catches everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "sleep": "import time\ntime.sleep(10**6)",
    "many sleeps": "import time\nwhile True: time.sleep(0.01)",
    "big sum": "sum(range(10**12))",
    "endless comparison": "import itertools\nfor i in itertools.count(): i == i",
    "wait for input": "input()",
    "wait for input for ever": "import sys\nwhile True: sys.stdin.read(1)",
    "busy sort": "x = list(range(10**5))\nwhile True: x = sorted(x, key=lambda i: -i)",
    # regular expressions
    "regex of nested repeats": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    "regex with back reference": "import re\nre.match(r'(a*)*\\1$', 'a' * 60 + 'b')",
    "regex of alternatives": "import re\nre.match(r'(x+x+)+y', 'x' * 60)",
    "regex of great size": "import re\nre.compile('(' * 5000 + ')' * 5000)",
    # big integers and strings
    "tower of powers": "9 ** 9 ** 9",
    "shift": "1 << (1 << 40)",
    "factorial": "import math\nmath.factorial(10**9)",
    "number to text": "len(str(7 ** 10**7))",
    "text to number": "int('9' * 10**7)",
    "great decimal": "import decimal\ndecimal.getcontext().prec = 10**8\ndecimal.Decimal(1) / 3",
    "wide format": "f'{1:1000000000}'",
    "wide old format": "'%1000000000d' % 1",
    "modular power": "pow(3, 10**9, 10**100000 + 1)",
    # memory
    "one great string": "len('a' * 10**11)",
    "growing list": "x = []\nwhile True: x.append('y' * 1000 + str(len(x)))",
    "growing bytes": "x = bytearray()\nwhile True: x.extend(b'0' * 10**6)",
    "list of list of list": "x = [1]\nfor _ in range(60): x = [x, x]\nx",
    "list with a great result": "[[1] * 10] * 10**7",
    "growing dict": "x = {}\ni = 0\nwhile True:\n    i += 1\n    x[i] = str(i) * 50",
    "doubling string": "x = 'a'\nwhile True: x += x",
    "great range": "list(range(10**10))",
    "great product": "import itertools\nlist(itertools.product(range(100), repeat=8))",
    "memory that is caught": (
        "x = []\nwhile True:\n    try:\n        while True: x.append('y' * 10**6 + str(len(x)))\n"
        "    except MemoryError: pass"
    ),
    "shared memory": (
        "import ctypes\nc = ctypes.CDLL(None)\nfor i in range(64):\n    m = c.shmget(0, 10**8, 0o1777)\n    print(m)\n"
        "    c.shmat.restype = ctypes.c_void_p\n    p = c.shmat(m, None, 0)\n    ctypes.memset(p, 1, 10**8)"
    ),
    "memory files": "import os\nfor i in range(50):\n    f = os.memfd_create('x')\n    os.write(f, b'0' * 10**8)",
    "anonymous maps": "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 10**8)\n    m.write(b'1' * 10**8)\n    x.append(m)",
    "bomb of references": "x = 'a' * 10**6\ny = [x] * 10**6\n''.join(y)",
    "compressed bomb": "import zlib\nd = zlib.compressobj()\nx = b''.join(d.compress(b'0' * 10**7) for _ in range(10**4))",
    # recursion and parsing
    "endless recursion": "def f(n): return f(n + 1)\nf(0)",
    "recursion without a limit": "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)",
    "deep brackets": "(" * 10**5 + ")" * 10**5,
    "deep signs": "-" * 10**5 + "1",
    "deep attributes": "x" + ".a" * 10**5,
    "deep value": "x = []\nfor _ in range(10**5): x = [x]\nx",
    "value that holds itself": "x = []\nx.append(x)\nx",
    "eval of deep text": "eval('[' * 10**6)",
    "compile of deep text": "compile('+' * 10**6 + '1', 'x', 'eval')",
    "broken code object": "def f(): pass\nf.__code__ = f.__code__.replace(co_code=bytes(range(256)) * 9)\nf()",
    # floods
    "flood": "while True: print('x' * 100)",
    "flood of one line": "while True: print('x' * 100, end='')",
    "flood of lines": "while True: print()",
    "flood of errors": "import sys\nwhile True: print('x' * 100, file=sys.stderr)",
    "flood beneath python": "import os\nwhile True: os.write(1, b'x' * 10**5)",
    "flood of the report": "import os\nwhile True: os.write(2, b'x' * 10**5)",
    "great error": "raise ValueError('x' * 10**8)",
    "great last value": "'x' * 10**7",
    "closed output": "import os\nos.close(1)\nos.close(2)\nwhile True: pass",
    # files
    "read the secret": "open('@SECRET@').read()",
    "read the secret by path": "import pathlib\npathlib.Path('@SECRET@').read_text()",
    "read the secret by number": "import os\nos.read(os.open('@SECRET@', os.O_RDONLY), 1000)",
    "read the secret of all open files": "import os\nfor i in range(3, 100):\n    try: print(os.pread(i, 1000, 0))\n    except OSError: pass",
    "read up the tree": "open('../' * 30 + '@SECRET@').read()",
    "read passwords": "open('/etc/passwd').read()\nprint('@PROOF@')",
    "read the home": "import os\nprint(os.listdir(os.path.expanduser('~')))\nopen(os.path.expanduser('~/.ssh/id_rsa')).read()",
    "import from the folder": "import sys\nsys.path.insert(0, '@FOLDER@')\nimport treasure\ntreasure.token",
    "write a file": "open('@FOLDER@/escaped', 'w').write('x')",
    "write a file by path": "import pathlib\npathlib.Path('@FOLDER@/escaped').write_text('x')",
    "make a folder": "import os\nos.mkdir('@FOLDER@/escaped')",
    "remove the secret": "import os\nos.remove('@SECRET@')",
    "fill the disk": "f = open('/tmp/escaped', 'wb')\nwhile True: f.write(b'x' * 10**6)",
    "fill the shared memory": "f = open('/dev/shm/escaped', 'wb')\nwhile True: f.write(b'x' * 10**6)",
    "symbolic link": "import os\nos.symlink('@SECRET@', '@FOLDER@/escaped')\nopen('@FOLDER@/escaped').read()",
    "symbolic link of its own": "import os\nos.symlink('@SECRET@', '/tmp/link')\nopen('/tmp/link').read()",
    "hard link": "import os\nos.link('@SECRET@', '@FOLDER@/escaped')",
    "change of mode": "import os\nos.chmod('@SECRET@', 0)",
    "change of root": "import os\nos.chroot('/')\nopen('@SECRET@').read()",
    "database": "import sqlite3\nsqlite3.connect('@FOLDER@/escaped').execute('create table t (a)')",
    "mount": "import ctypes\nc = ctypes.CDLL(None)\nprint(c.mount(b'none', b'/tmp', b'tmpfs', 0, None))\nopen('@SECRET@').read()",
    "all of the disk": "import os\nfor d in ('/dev/vda', '/dev/sda', '/dev/mem', '/dev/kmsg'):\n    try: print(os.open(d, os.O_RDWR), '@PROOF@')\n    except OSError: pass",
    # /proc
    "proc of the parent": "print(open('/proc/1/environ').read())\nprint(open('/proc/self/environ').read())",
    "proc root": "open('/proc/1/root@SECRET@').read()",
    "proc of self": "open('/proc/self/cwd/..@SECRET@').read()",
    "proc of all": "import os\nfor p in os.listdir('/proc'):\n    try: print(open(f'/proc/{p}/environ').read())\n    except OSError: pass",
    "proc of memory": "open(f'/proc/@VICTIM@/mem', 'r+b').write(b'0')",
    "sysrq": "open('/proc/sysrq-trigger', 'w').write('h')",
    # environment
    "environment": "import os\nprint(dict(os.environ))",
    "environment by getenv": "import os\nos.getenv('TERTULIA_TOKEN')",
    "environment beneath python": "import ctypes\nc = ctypes.CDLL(None)\nc.getenv.restype = ctypes.c_char_p\nc.getenv(b'TERTULIA_TOKEN')",
    "frames": "import sys\nf = sys._getframe()\nwhile f:\n    print(f.f_globals, f.f_locals)\n    f = f.f_back",
    # network
    "connect": "import socket\nsocket.create_connection(('127.0.0.1', @PORT@), 1).sendall(b'x')",
    "connect without waiting": "import socket\ns = socket.socket()\ns.setblocking(False)\ns.connect_ex(('127.0.0.1', @PORT@))",
    "datagram": "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'x', ('127.0.0.1', @PORT@))",
    "http": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:@PORT@', timeout=1).read()",
    "asyncio": (
        "import asyncio\nasync def f():\n    await asyncio.open_connection('127.0.0.1', @PORT@)\nasyncio.run(f())"
    ),
    "listen": "import socket\ns = socket.socket()\ns.bind(('0.0.0.0', 0))\ns.listen()\ns.accept()",
    "abstract socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0@SOCKET@')\ns.sendall(b'x')",
    "raw socket": "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nprint('@PROOF@')",
    "connect beneath python": (
        "import ctypes, struct\nc = ctypes.CDLL(None)\ns = c.syscall(41, 2, 1, 0)\n"
        "a = struct.pack('!HHI8x', 0x0200, @PORT@, 0x7f000001)\nprint(c.syscall(42, s, a, 16))"
    ),
    "ring": "import ctypes\nc = ctypes.CDLL(None)\nif c.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0: print('@PROOF@')",
    # processes
    "fork bomb": "import os\nwhile True: os.fork()",
    "fork bomb that catches": "import os\nwhile True:\n    try: os.fork()\n    except BaseException: pass",
    "threads": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(10**6,)).start()",
    "daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(30)\n"
        "        open('@FOLDER@/escaped', 'w')"
    ),
    "subprocess": "import subprocess\nprint(subprocess.run(['cat', '@SECRET@'], capture_output=True, text=True).stdout)",
    "shell": "import os\nos.system('cat @SECRET@; touch @FOLDER@/escaped')",
    "popen": "import os\nos.popen('cat @SECRET@').read()",
    "exec": "import os\nos.execv('/bin/cat', ['cat', '@SECRET@'])",
    "exec itself": "import os, sys\nos.execv(sys.executable, ['python', '-c', 'print(open(\"@SECRET@\").read())'])",
    "spawn": "import multiprocessing\nmultiprocessing.Process(target=print, args=('x',)).start()",
    "clone": "import ctypes\nc = ctypes.CDLL(None)\nwhile True: c.syscall(56, 17, 0, 0, 0, 0)",
    "vfork": "import ctypes\nc = ctypes.CDLL(None)\nfor _ in range(100): c.syscall(57)",
    # signals
    "kill the victim": "import os\nos.kill(@VICTIM@, 9)",
    "kill everyone": "import os\nos.kill(-1, 9)",
    "kill the group": "import os\nos.killpg(0, 9)",
    "kill the parent": "import os\nos.kill(os.getppid(), 9)",
    "kill itself": "import os\nos.kill(os.getpid(), 9)",
    "deaf to signals": (
        "import signal\nfor i in range(1, 60):\n    try: signal.signal(i, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass"
    ),
    "abort": "import os\nos.abort()",
    "crash": "import ctypes\nctypes.string_at(0)",
    "exit": "import os\nos._exit(0)",
    "exit at once": "raise SystemExit(0)",
    "hook at exit": "import atexit\ndef f():\n    while True: pass\natexit.register(f)",
    "finalizer": "class A:\n    def __del__(self):\n        while True: pass\na = A()",
    "alarm": "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\ntime.sleep(100)",
    # more power
    "become root": "import os\nos.setuid(0)\nopen('@SECRET@').read()",
    "new namespace": "import ctypes\nc = ctypes.CDLL(None)\nif c.unshare(0x10000000) == 0: print('@PROOF@')",
    "trace": "import ctypes\nc = ctypes.CDLL(None)\nif c.ptrace(16, @VICTIM@, 0, 0) == 0: print('@PROOF@')",
    "kernel program": "import ctypes\nc = ctypes.CDLL(None)\nif c.syscall(321, 0, ctypes.create_string_buffer(72), 72) >= 0: print('@PROOF@')",
    "raised limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nresource.setrlimit(resource.RLIMIT_NPROC, (-1, -1))\n"
        "x = []\nwhile True: x.append('y' * 10**6 + str(len(x)))"
    ),
    # out of the interpreter
    "walk of subclasses": (
        "for c in ().__class__.__base__.__subclasses__():\n    if c.__name__ == '_wrap_close':\n"
        "        print(c.__init__.__globals__['popen']('cat @SECRET@').read())"
    ),
    "builtins of a function": "print.__self__.__import__('os').system('cat @SECRET@; touch @FOLDER@/escaped')",
    "import by name": "__import__('os').system('cat @SECRET@; touch @FOLDER@/escaped')",
    "import by library": "import importlib\nimportlib.import_module('subprocess').run(['cat', '@SECRET@'])",
    "format of attributes": "'{0.__class__.__init__.__globals__}'.format(print)",
    "exec of text": "exec('import os\\nos.system(\"cat @SECRET@; touch @FOLDER@/escaped\")')",
    "pickle": "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"cat @SECRET@; touch @FOLDER@/escaped\"\\ntR.')",
    "print made anew": "def print(*a): return a\nrepr = print\n__result__ = [[1]] * 10\n'x'",
    "representation that loops": "class A:\n    def __repr__(self):\n        while True: pass\nA()",
    "representation that grows": "class A:\n    def __repr__(self): return 'x' * 10**7\nA()",
    "forged reply": 'import os\nprint(\'{"outcome": "ok", "output": "forged"}\')\nos.write(2, b\'{"outcome": [], "message": 1}\\n\')\nos._exit(0)',
}
