"""CareBridge: appointments across clinics. Here are composition and kernel; the domain is `scheduling`."""
