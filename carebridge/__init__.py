"""CareBridge: appointments across clinics. This package is the composition and the kernel; the domain is `scheduling`."""
