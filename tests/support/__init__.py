"""What tests share: servers, engines, clients, material."""
