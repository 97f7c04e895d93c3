"""Receipt printers: what a page is, ESC/POS, ways to reach one, a simulated one."""
